import type { LogSpec } from '../../runtime/spec.ts'
import type { HostConfig } from '../api.ts'
import { parseBytes } from '../bytes.ts'
import type { EngineConfig } from '../config.ts'
import { invalid, notSupported } from '../failures.ts'
import { isAttributeOption } from './log-attributes.ts'

/** A log is bounded unless somebody says otherwise, so that no program can fill the disk by talking. */
const DEFAULT_SIZE = 20 * 2 ** 20
const DEFAULT_FILES = 5

const drivers: Readonly<Record<string, LogSpec['driver']>> = { 'json-file': 'file', local: 'file', none: 'none' }
/** Those that Docker has, too. */
const dockersDrivers = ['awslogs', 'etwlogs', 'fluentd', 'gcplogs', 'gelf', 'journald', 'splunk', 'syslog']
/** Options of Docker's drivers that only say how its files look. */
const withoutEffect = ['compress', 'mode', 'max-buffer-size']

/** The driver and its options as inspect shows them: the container's own, or else the configuration's. */
export function effectiveLogConfig(
  asked: HostConfig['LogConfig'],
  { logDriver, logOpts }: Pick<EngineConfig, 'logDriver' | 'logOpts'>,
): { Type: string; Config: Record<string, string> } {
  const Type = asked?.Type || logDriver
  return { Type, Config: { ...(Type === logDriver ? logOpts : {}), ...asked?.Config } }
}

/** @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_NOT_SUPPORTED */
export function translateLog({ Type, Config }: { Type: string; Config: Record<string, string> }): LogSpec {
  const driver = drivers[Type]
  if (!driver) {
    if (dockersDrivers.includes(Type)) throw notSupported(`log driver "${Type}"`)
    throw invalid(`error looking up logging plugin ${Type}: plugin "${Type}" not found`)
  }
  const { 'max-size': maxSize, 'max-file': maxFile, ...rest } = Config
  for (const [option, value] of Object.entries(rest)) {
    if (!isAttributeOption(option, value) && !withoutEffect.includes(option))
      throw invalid(`unknown log opt '${option}' for ${Type} log driver`)
  }
  const size = maxSize === undefined ? DEFAULT_SIZE : maxSize === '-1' ? 0 : parseBytes(maxSize)
  const files = maxFile === undefined ? (maxSize === undefined ? DEFAULT_FILES : 1) : Number(maxFile)
  if (size === undefined) throw invalid(`invalid log option max-size=${maxSize}`)
  if (!Number.isInteger(files) || files < 1) throw invalid(`invalid log option max-file=${maxFile}`)
  return { driver, maxSize: size, maxFiles: files }
}
