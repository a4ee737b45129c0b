/**
 * The name of the panel's signed-in user, which the monitor records beside the account that runs the panel
 * («cli:www-data por ana»). Replace it by your own sign-in; null: no name is recorded.
 */
export async function currentUser(request: Request): Promise<string | null> {
  return request.headers.get("x-forwarded-user"); // as oauth2-proxy and others set it; only behind one of them
}
