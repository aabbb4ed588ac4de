import { closeSync, writeSync } from 'node:fs'
import { decodeError, type ErrorBody, encodeError } from '../http/error-body.ts'

/**
 * What an engine's process tells the one that started it, on a descriptor it inherits: one line, when it is ready or
 * has failed. Both ends of that line are here.
 */
export const REPORT_FD = 3

/**
 * Where its keeper learns that it has been ready: one that has not will not be started again for ever. It stays open, so
 * that each learns of the end of the other.
 */
export const KEEPER_FD = 4

type Report = { readonly ready: true } | { readonly error: ErrorBody }

export function reportReady(): void {
  attempt(() => writeSync(KEEPER_FD, 'ready\n'))
  send({ ready: true })
}

export function reportFailure(error: unknown): void {
  send({ error: encodeError(error) })
}

function send(report: Report): void {
  attempt(() => {
    writeSync(REPORT_FD, `${JSON.stringify(report)}\n`)
    closeSync(REPORT_FD)
  })
}

function attempt(tell: () => void): void {
  try {
    tell()
  } catch {
    // Started by hand, or whoever started it has not waited.
  }
}

/**
 * Reads what {@link reportReady} or {@link reportFailure} wrote.
 * @returns false if there is nothing: the process ended before it could say a word
 * @throws TscomposeError the failure
 */
export function readReport(text: string): boolean {
  if (!text.endsWith('\n')) return false
  const report: Report = JSON.parse(text)
  if ('error' in report) throw decodeError(report.error)
  return true
}
