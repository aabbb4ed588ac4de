import { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import { readLog } from '../../runtime/log.ts'
import type { LogsOptions } from '../api.ts'
import { invalid, stateConflict } from '../failures.ts'
import { parseMoment } from '../time.ts'
import { logDetails } from '../translate/log-attributes.ts'
import type { Container } from './container.ts'

/** The log of a container as `docker logs` sends it. Following ends with the run that is under way. */
export function containerLogs(container: Container, options: LogsOptions): Readable {
  const {
    stdout = false,
    stderr = false,
    follow = false,
    timestamps = false,
    details = false,
    since,
    until,
    tail,
  } = options
  const { record, directory, run, removing } = container
  if (!stdout && !stderr) throw invalid('You must choose at least one stream')
  if (removing) throw stateConflict('can not get logs from container which is dead or marked for removal')
  if (record.hostConfig.LogConfig?.Type === 'none') {
    throw new TscomposeError('ENGINE_NOT_SUPPORTED', 'configured logging driver does not support reading')
  }
  const closed = new AbortController()
  const lines = readLog(
    directory.root,
    {
      stdout,
      stderr,
      framed: !record.config.Tty,
      timestamps,
      ...(details && { prefix: Buffer.from(`${logDetails(record, record.hostConfig.LogConfig?.Config ?? {})} `) }),
      ...(since && { since: nanoseconds(since) }),
      ...(until && { until: nanoseconds(until) }),
      ...(tail && /^\d+$/.test(tail) && { tail: Number(tail) }),
      ...(follow && run && { follow: run.process.exited }),
    },
    closed.signal,
  )
  return Readable.from(lines, { objectMode: false }).once('close', () => closed.abort())
}

/** Unix time or RFC 3339, the fraction as exactly as it is written. */
function nanoseconds(text: string): bigint {
  const [, whole = '', fraction = '', rest = ''] = /^([^.]*)(?:\.(\d{1,9})\d*)?(.*)$/s.exec(text) ?? []
  const seconds = Math.floor(parseMoment(`${whole}${rest}`) / 1000)
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}
