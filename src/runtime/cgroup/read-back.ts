import type { ThrottleDevice } from '../spec.ts'
import type { ReadableFiles } from './setting.ts'

/**
 * What the kernel says of the limits that were asked for. Nothing else is read, and what the machine lacks is left out.
 */
export function readAsked<T extends object>(
  asked: T | undefined,
  readers: { readonly [Key in keyof T]-?: (asked: NonNullable<T[Key]>) => T[Key] | undefined },
): T | undefined {
  if (!asked) return undefined
  const entries = Object.entries(readers as Record<string, (asked: unknown) => unknown>).flatMap(([key, read]) => {
    const wanted = asked[key as keyof T]
    const value = wanted === undefined ? undefined : read(wanted)
    return value === undefined ? [] : [[key, value]]
  })
  return Object.fromEntries(entries) as T
}

/** The text of the first of these files that the kernel has. */
export function firstText(files: ReadableFiles, controller: string, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    try {
      return files.read(controller, name).trim()
    } catch {}
  }
  return undefined
}

/** What v1 shows where there is no limit: the greatest number of pages, of whatever size they are. */
const NO_LIMIT = 2 ** 62

/** A number of bytes or of microseconds; -1 where there is no limit. */
export function limitOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const number = text === 'max' ? -1 : Number(text)
  return number >= NO_LIMIT ? -1 : number
}

interface DeviceNumber {
  readonly major: number
  readonly minor: number
}

/** What stands behind `8:0 ` in a file with a line for each device. */
export const deviceLine = (text: string | undefined, { major, minor }: DeviceNumber): string | undefined =>
  text
    ?.split('\n')
    .find(line => line.startsWith(`${major}:${minor} `))
    ?.slice(`${major}:${minor} `.length)

/** The rates of those devices that have one. */
export const ratesOf = (
  asked: readonly ThrottleDevice[],
  rate: (device: ThrottleDevice) => number | undefined,
): readonly ThrottleDevice[] =>
  asked.flatMap(device => {
    const found = rate(device)
    return found === undefined || Number.isNaN(found) ? [] : [{ ...device, rate: found }]
  })
