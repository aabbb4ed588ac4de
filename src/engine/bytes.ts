const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
}

/** Bytes of a size such as `20m`, `64KiB` or `1.5g`, as Docker writes them in options; undefined if it is no size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text.trim())
  if (!match) return undefined
  return Math.floor(Number(match[1]) * (units[(match[2] ?? '').toLowerCase()] ?? 1))
}
