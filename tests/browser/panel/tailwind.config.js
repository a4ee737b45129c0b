module.exports = { content: ["./src/app/**/*.{ts,tsx}", "./src/features/**/*.{ts,tsx}"] };
