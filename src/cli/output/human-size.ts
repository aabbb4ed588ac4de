const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** Bytes with three or four digits and a decimal unit, as Docker prints sizes: `4.26MB`. */
export function humanSize(bytes: number): string {
  let size = bytes
  let unit = 0
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${Number(size.toPrecision(4))}${units[unit]}`
}
