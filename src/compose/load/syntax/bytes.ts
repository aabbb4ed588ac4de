/** Sizes of the Compose file: `512m`, `1.5gb`, `64KiB`, powers of 1024; a plain number is bytes. */

const FACTORS: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, p: 2 ** 50 }

/**
 * @returns bytes
 * @throws Error in the words of the original
 */
export function parseBytes(text: string): bigint {
  if (/^[-+]?\d+$/.test(text)) {
    const exact = BigInt(text.replace(/^\+/, ''))
    if (exact < 2n ** 63n && exact >= -(2n ** 63n)) return exact
  }
  const last = Math.max(...[...'0123456789. '].map(char => text.lastIndexOf(char)))
  if (last < 0) throw new Error(`invalid size: '${text}'`)
  const number = text[last] === ' ' ? text.slice(0, last) : text.slice(0, last + 1)
  const suffix = text.slice(last + 1)
  if (!/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(number))
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(number)}: invalid syntax`)
  const size = Number(number)
  if (size < 0) throw new Error(`invalid size: '${text}'`)
  if (suffix === '') return int64(size)
  const unit = suffix.toLowerCase()
  const bad = (): never => {
    throw new Error(`invalid suffix: '${suffix.length > 3 ? suffix : unit}'`)
  }
  if (unit === 'b') return int64(size)
  const factor = FACTORS[unit[0] ?? ''] ?? bad()
  if (unit.length > 1 && unit.slice(1) !== 'b' && unit.slice(1) !== 'ib') return bad()
  return int64(size * factor)
}

/** As Go converts: what is too large for 64 bits wraps to the smallest number. */
function int64(size: number): bigint {
  const exact = BigInt(Math.trunc(size))
  return exact >= 2n ** 63n ? -(2n ** 63n) : exact
}
