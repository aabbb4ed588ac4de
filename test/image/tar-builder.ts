/** Makes tar archives entry by entry, also such as no tar(1) would make. */
export interface Item {
  readonly name: string
  /** typeflag; a file by default */
  readonly type?: string
  readonly content?: string | Buffer
  readonly linkname?: string
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly mtime?: number
  readonly device?: readonly [major: number, minor: number]
  /** Records of an extended header before the entry. */
  readonly pax?: Readonly<Record<string, string | Buffer>>
  /** A size other than that of the content. */
  readonly size?: number
}

const end = Buffer.alloc(1024)

export const tar = (...items: readonly Item[]): Buffer => Buffer.concat([...items.map(encode), end])

/** Without the two blocks of zeros. */
export const openEnded = (...items: readonly Item[]): Buffer => Buffer.concat(items.map(encode))

export const file = (name: string, content: string | Buffer = ''): Item => ({ name, content })
export const directory = (name: string, mode = 0o755): Item => ({ name, type: '5', mode })
export const symlink = (name: string, linkname: string): Item => ({ name, type: '2', linkname })
export const hardLink = (name: string, linkname: string): Item => ({ name, type: '1', linkname })

/** A record of an extended header, pax(1). */
export function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')])
  let length = rest.length
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

function encode(item: Item): Buffer {
  const { pax, ...plain } = item
  if (!pax) return one(plain)
  const records = Buffer.concat(Object.entries(pax).map(([key, value]) => paxRecord(key, value)))
  return Buffer.concat([one({ name: 'pax', type: 'x', content: records }), one(plain)])
}

function one(item: Item): Buffer {
  const { name, type = '0', content = '', linkname = '', mode = 0o644, uid = 0, gid = 0, mtime = 1e9, device } = item
  const data = Buffer.from(content)
  const header = Buffer.alloc(512)
  const octal = (value: number, at: number, length: number) =>
    header.write(value.toString(8).padStart(length - 1, '0'), at)
  header.write(name, 0, 100, 'latin1')
  octal(mode, 100, 8)
  octal(uid, 108, 8)
  octal(gid, 116, 8)
  octal(item.size ?? data.length, 124, 12)
  octal(mtime, 136, 12)
  header.write(type, 156)
  header.write(linkname, 157, 100, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  octal(device?.[0] ?? 0, 329, 8)
  octal(device?.[1] ?? 0, 337, 8)
  return Buffer.concat([seal(header), data, Buffer.alloc(-data.length & 511)])
}

/** Writes the checksum. */
export function seal(header: Buffer): Buffer {
  header.fill(' ', 148, 156)
  const sum = header.reduce((sum, byte) => sum + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}
