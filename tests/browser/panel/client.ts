// A client that openapi-fetch makes of the types: what the monitor answers, as the panel's code sees it.
import createClient from "openapi-fetch";
import type { components, paths } from "./types.js";

const [base, cookie] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: base, headers: { cookie, origin: base } });

async function main(): Promise<void> {
  const status = (await client.GET("/api/v1/status")).data;
  const page = (await client.GET("/api/v1/incidents", { params: { query: { open: true, limit: 5 } } })).data;
  const first: components["schemas"]["Incident"] | undefined = page?.incidents[0];
  const story = await client.GET("/api/v1/incidents/{id}", { params: { path: { id: first?.id ?? "" } } });
  const done = await client.POST("/api/v1/requests", {
    body: { kind: "retry", incident: first?.id ?? "", reason: "prueba", on_behalf_of: "ana" },
  });
  const refused = await client.POST("/api/v1/requests", {
    body: { kind: "silence", scope: "type", value: "timeout", seconds: 1, reason: "prueba" },
  });
  console.log(
    JSON.stringify({
      lag: status?.lag,
      unit: status?.unit_active,
      first: first?.estado,
      history: story.data?.history.length,
      done: done.data?.code,
      refused: refused.error && "fields" in refused.error ? Object.keys(refused.error.fields) : null,
    }),
  );
}

void main();
