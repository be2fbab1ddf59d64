/** Bodies one after the other, in a buffer of their own. */
export function packed(bodies: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(bodies.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const body of bodies) {
    bytes.set(body, offset);
    offset += body.byteLength;
  }
  return bytes;
}
