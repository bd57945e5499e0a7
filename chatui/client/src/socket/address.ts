/** The socket's address. */

/** `url`, asking for what follows `lastSeq`, many events to a frame. No token is ever a part of it. */
export function socketAddress(url: string, lastSeq: number): string {
  const address = new URL(url);
  address.searchParams.set("last_seq", String(lastSeq));
  address.searchParams.set("batch", "1");
  address.searchParams.delete("access_token");
  return address.toString();
}
