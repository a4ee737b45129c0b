// Before the first paint, so that a dark page never flashes white. A file of its own: the page's
// policy lets no script stand in the page.
{
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
