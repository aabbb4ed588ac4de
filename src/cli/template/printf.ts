import { templateError } from './syntax.ts'
import { textOf } from './values.ts'

const verbs: Readonly<Record<string, (value: unknown, precision: number | undefined) => string>> = {
  v: textOf,
  s: (value, precision) => textOf(value).slice(0, precision),
  q: value => JSON.stringify(textOf(value)),
  d: value => String(Math.trunc(Number(value))),
  t: value => String(value === true),
  f: (value, precision = 6) => Number(value).toFixed(precision),
  x: value => (typeof value === 'number' ? value.toString(16) : Buffer.from(textOf(value)).toString('hex')),
}

/** The verbs of Go's fmt.Sprintf that make sense for what is printed here: %v %s %q %d %t %f %x. */
export function printf(format: string, values: readonly unknown[]): string {
  let next = 0
  return format.replace(
    /%([-0]*)(\d*)(?:\.(\d+))?(.)/gs,
    (all, flags: string, width: string, precision, verb: string) => {
      if (verb === '%') return '%'
      const write = verbs[verb]
      if (!write) throw templateError(`printf: ${all} is not supported`)
      if (next >= values.length) return `%!${verb}(MISSING)`
      const text = write(values[next++], precision === undefined ? undefined : Number(precision))
      if (flags.includes('-')) return text.padEnd(Number(width))
      return text.padStart(Number(width), flags.includes('0') ? '0' : ' ')
    },
  )
}
