/** Records of an extended header, pax(1): `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
export function encodePax(records: ReadonlyMap<string, Buffer>): Buffer {
  const parts: Buffer[] = []
  for (const [key, value] of records) {
    const rest = 3 + Buffer.byteLength(key) + value.length
    let length = rest + String(rest).length
    if (String(length).length > String(rest).length) length = rest + String(length).length
    parts.push(Buffer.from(`${length} ${key}=`), value, newline)
  }
  return Buffer.concat(parts)
}
const newline = Buffer.from('\n')
