import type { ScalarType, ScalarValue } from './node.ts'

/**
 * What a plain scalar means: the dialect of the Go parser behind docker compose, which is neither YAML 1.1 nor 1.2.
 * `yes` and `22:22` are text, `0440` is octal, underscores in numbers are dropped, dates are timestamps.
 */
export function resolvePlain(text: string): { type: ScalarType; value: ScalarValue } {
  const first = text.charCodeAt(0)
  const number = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46
  if (!number && !WORD_START.has(text[0] ?? '')) return { type: 'str', value: text }
  const word = words.get(text)
  if (word) return word
  if (!number) return { type: 'str', value: text }
  return (first === 46 ? undefined : (resolveTimestamp(text) ?? resolveInteger(text))) ?? resolveFloat(text)
}

const WORD_START = new Set(['', 't', 'T', 'f', 'F', 'n', 'N', '~'])
const words = new Map<string, { type: ScalarType; value: ScalarValue }>([
  ...['true', 'True', 'TRUE'].map(text => [text, { type: 'bool', value: true }] as const),
  ...['false', 'False', 'FALSE'].map(text => [text, { type: 'bool', value: false }] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map(text => [text, { type: 'null', value: null }] as const),
  ...['.nan', '.NaN', '.NAN'].map(text => [text, { type: 'float', value: Number.NaN }] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(
    text => [text, { type: 'float', value: Number.POSITIVE_INFINITY }] as const,
  ),
  ...['-.inf', '-.Inf', '-.INF'].map(text => [text, { type: 'float', value: Number.NEGATIVE_INFINITY }] as const),
  ...['-0', '-0.0'].map(text => [text, { type: 'float', value: -0 }] as const),
])

const INTEGER = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)$/
const UINT64_MAX = 2n ** 64n - 1n
const INT64_MIN = -(2n ** 63n)

function resolveInteger(text: string): { type: ScalarType; value: ScalarValue } | undefined {
  const match = INTEGER.exec(text.replaceAll('_', ''))
  if (!match) return undefined
  const [, sign = '', digits = ''] = match
  // A leading zero alone means octal in Go; JavaScript wants it spelt 0o.
  const literal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits
  const size = BigInt(literal)
  const value = sign === '-' ? -size : size
  if (value > UINT64_MAX || value < INT64_MIN) return undefined
  const plain = Number(value)
  return { type: 'int', value: Number.isSafeInteger(plain) ? plain : value }
}

const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/

function resolveFloat(text: string): { type: ScalarType; value: ScalarValue } {
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '')
  return FLOAT.test(plain) && Number.isFinite(Number(plain))
    ? { type: 'float', value: Number(plain) }
    : { type: 'str', value: text }
}

const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:([Tt])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[-+]\d{2}:\d{2}))|(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?))?$/

/** The text is what Go's time.Time prints, for that is what becomes of a date in an environment. */
function resolveTimestamp(text: string): { type: ScalarType; value: ScalarValue } | undefined {
  const match = text[4] === '-' ? TIMESTAMP.exec(text) : undefined
  if (!match) return undefined
  const [, year = '', month = '', day = '', t] = match
  const [hour = '0', minute = '0', second = '0', fraction = ''] = t ? match.slice(5, 9) : match.slice(10, 14)
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > days) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const two = (part: string) => part.padStart(2, '0')
  const nanos = fraction.slice(0, 9).replace(/0+$/, '')
  const zone = match[9] && match[9] !== 'Z' ? match[9].replace(':', '') : '+0000'
  return {
    type: 'timestamp',
    value:
      `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}${nanos && `.${nanos}`} ` +
      `${zone} ${zone === '+0000' ? 'UTC' : zone}`,
  }
}
