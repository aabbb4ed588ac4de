import { TscomposeError } from '../errors.ts'

/** The value of a flag that takes whole seconds or another count. For commander's `argParser`. */
export const integer =
  (flag: string) =>
  (text: string): number => {
    if (/^-?\d+$/.test(text)) return Number(text)
    throw new TscomposeError('CLI_FLAG', `invalid argument "${text}" for "${flag}" flag: not an integer`)
  }
