import { TscomposeError } from '../../errors.ts'

/** A mistake in a flag's value. */
export const badFlag = (message: string): TscomposeError => new TscomposeError('CLI_FLAG', message)

/** Parses a flag's value; what the parser complains about is told as a mistake in the flag. */
export function parsed<T>(parse: (text: string) => T, text: string): T {
  try {
    return parse(text)
  } catch (error) {
    throw badFlag((error as Error).message)
  }
}

/** `NAME=value` as a pair; what follows the first `=` is the value. Without one the value is empty. */
export function pair(text: string): [string, string] {
  const equals = text.indexOf('=')
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)]
}

/** @throws TscomposeError CLI_FLAG where there is no `=` */
export function pairs(flag: string, texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map(text => {
      if (!text.includes('=')) throw badFlag(`invalid argument "${text}" for "${flag}" flag: expected NAME=VALUE`)
      return pair(text)
    }),
  )
}

/** Absent where there is nothing to say: the engine's own default applies then. */
export const some = <Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } =>
  value === undefined || (Array.isArray(value) && value.length === 0)
    ? {}
    : ({ [key]: value } as { [K in Key]?: Value })
