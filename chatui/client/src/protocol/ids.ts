/** Fresh ids: 32 hexadecimal digits. */
export function newId(): string {
  // Not `randomUUID`: browsers have that on secure pages only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
}
