/** JSON without the blanks between its tokens; numbers, names and their order stay as they were written. Pure. */

const quote = 0x22;
const backslash = 0x5c;

/** `json`: valid, in UTF-8. The same bytes where there is nothing to leave out. */
export function compactJson(json: Uint8Array): Uint8Array {
  let compact: Uint8Array | undefined;
  let length = 0;
  let inText = false;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index] ?? 0;
    if (inText) {
      if (byte === backslash) {
        if (compact !== undefined) compact[length] = byte;
        length += 1;
        index += 1;
      } else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      compact ??= new Uint8Array(json);
      continue;
    }
    if (compact !== undefined) compact[length] = json[index] ?? 0;
    length += 1;
  }
  return compact === undefined ? json : compact.subarray(0, length);
}
