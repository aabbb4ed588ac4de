const decimal = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const
const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Bytes with as many digits and a decimal unit, as Docker prints sizes: `4.26MB`. */
export const humanSize = (bytes: number, digits = 4): string => scale(bytes, 1000, decimal, digits)

/** Bytes with a binary unit, as Docker prints memory: `7.66GiB`. */
export const binarySize = (bytes: number): string => scale(bytes, 1024, binary, 4)

function scale(bytes: number, base: number, units: readonly string[], digits: number): string {
  let size = bytes
  let unit = 0
  while (size >= base && unit < units.length - 1) {
    size /= base
    unit++
  }
  return `${Number(size.toPrecision(digits))}${units[unit]}`
}
