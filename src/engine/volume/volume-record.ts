import { messageOf } from '../../errors.ts'
import type { Labels } from '../api.ts'
import { invalid, notSupported } from '../failures.ts'
import { placeOf } from './mount-options.ts'

/** What is kept of a volume, in `volume.json` beside its data. */
export interface VolumeRecord {
  readonly version: 1
  readonly name: string
  readonly created: string
  readonly labels: Labels
  readonly options: Labels
  readonly anonymous: boolean
}

export const isVolumeRecord = (value: unknown): value is VolumeRecord => {
  const record = value as Partial<VolumeRecord> | null
  return typeof record === 'object' && record?.version === 1 && typeof record.name === 'string'
}

const validName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

/** @throws TscomposeError ENGINE_REQUEST_INVALID */
export function checkName(name: string): void {
  if (/^[a-zA-Z0-9]$/.test(name))
    throw invalid(`create ${name}: volume name is too short, names should be at least two alphanumeric characters`)
  if (validName.test(name)) return
  throw invalid(
    `create ${name}: "${name}" includes invalid characters for a local volume name, only ` +
      '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
  )
}

/** @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_NOT_SUPPORTED */
export function checkDriver(name: string, driver: string | undefined, options: Labels): void {
  if (driver && driver !== 'local') throw notSupported(`volume driver "${driver}"`)
  try {
    placeOf(options)
  } catch (error) {
    throw invalid(`create ${name}: ${messageOf(error)}`)
  }
}

export const newRecord = (name: string, labels: Labels, options: Labels, anonymous: boolean): VolumeRecord => ({
  version: 1,
  name,
  created: new Date().toISOString(),
  labels: anonymous ? { 'com.docker.volume.anonymous': '', ...labels } : labels,
  options,
  anonymous,
})

export const sameLabels = (a: Labels, b: Labels): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value)
