import { forward, problem } from "@/features/monitor/server";
import { currentUser } from "@/features/monitor/user";

export const dynamic = "force-dynamic";
export const runtime = "nodejs";

const READ =
  /^(incidents(\/[0-9A-Za-z]{1,40})?|summary|series|downloads|health|forecast|status|ledger|records|events)$/;

type Context = { params: { path: string[] } };

export async function GET(request: Request, { params }: Context): Promise<Response> {
  const path = params.path.join("/");
  if (!READ.test(path)) return problem(404, "not_found", "No existe");
  return forward(request, path + new URL(request.url).search);
}

export async function POST(request: Request, { params }: Context): Promise<Response> {
  if (params.path.join("/") !== "requests") return problem(404, "not_found", "No existe");
  // A form of a foreign page can send neither of the two without being asked first.
  const json = request.headers.get("content-type")?.startsWith("application/json");
  const site = request.headers.get("sec-fetch-site");
  if (!json || (site !== null && site !== "same-origin")) return problem(403, "bad_origin", "No es de este panel");
  const given: unknown = await request.json().catch(() => null);
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return problem(422, "not_json", "Se espera un objeto JSON");
  }
  const user = await currentUser(request);
  const { on_behalf_of: _, ...asked } = given as Record<string, unknown>; // the browser does not name itself
  return forward(request, "requests", user ? { ...asked, on_behalf_of: user } : asked);
}
