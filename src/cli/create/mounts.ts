import path from 'node:path'
import type { Mount } from '../../engine/api.ts'
import { badFlag, pair } from './parsed.ts'
import { bytesOf } from './sizes.ts'

export interface Volumes {
  readonly binds: string[]
  /** Volumes of the container's own. */
  readonly anonymous: Record<string, object>
}

/** `--volume [SOURCE:]TARGET[:OPTIONS]`: a source that is a relative path is one of this process. */
export function parseVolumeFlags(texts: readonly string[], cwd: string): Volumes {
  const binds: string[] = []
  const anonymous: Record<string, object> = {}
  for (const text of texts) {
    const [source = '', ...rest] = text.split(':')
    if (rest.length === 0) anonymous[source] = {}
    else binds.push([/^\.\.?(\/|$)/.test(source) ? path.resolve(cwd, source) : source, ...rest].join(':'))
  }
  return { binds, anonymous }
}

/** `--tmpfs PATH[:OPTIONS]` */
export const parseTmpfsFlags = (texts: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    texts.map(text => {
      const colon = text.indexOf(':')
      return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
    }),
  )

/** What a field of `--mount` adds to the mount. */
type Field = (value: string, mount: Partial<Mount>) => Partial<Mount>

const bind =
  (change: (value: string) => Mount['BindOptions']): Field =>
  (value, { BindOptions }) => ({ BindOptions: { ...BindOptions, ...change(value) } })
const volume =
  (change: (value: string, options: NonNullable<Mount['VolumeOptions']>) => Mount['VolumeOptions']): Field =>
  (value, { VolumeOptions = {} }) => ({ VolumeOptions: { ...VolumeOptions, ...change(value, VolumeOptions) } })
const tmpfs =
  (change: (value: string) => Mount['TmpfsOptions']): Field =>
  (value, { TmpfsOptions }) => ({ TmpfsOptions: { ...TmpfsOptions, ...change(value) } })

const source: Field = value => ({ Source: value })
const target: Field = value => ({ Target: value })
const readOnly: Field = value => ({ ReadOnly: truth(value) })

const fields: Readonly<Record<string, Field>> = {
  type: value => ({ Type: value.toLowerCase() as Mount['Type'] }),
  source,
  src: source,
  target,
  dst: target,
  destination: target,
  readonly: readOnly,
  ro: readOnly,
  consistency: value => ({ Consistency: value.toLowerCase() }),
  'bind-propagation': bind(value => ({ Propagation: value.toLowerCase() })),
  'bind-nonrecursive': bind(value => ({ NonRecursive: truth(value) })),
  'bind-recursive': bind(recursion),
  'bind-create-src': bind(value => ({ CreateMountpoint: truth(value) })),
  'volume-nocopy': volume(value => ({ NoCopy: truth(value) })),
  'volume-subpath': volume(value => ({ Subpath: value })),
  'volume-label': volume((value, { Labels }) => ({ Labels: { ...Labels, ...Object.fromEntries([pair(value)]) } })),
  'volume-driver': volume((Name, { DriverConfig }) => ({ DriverConfig: { ...DriverConfig, Name } })),
  'volume-opt': volume((value, { DriverConfig }) => ({
    DriverConfig: {
      ...DriverConfig,
      Options: { ...DriverConfig?.Options, ...Object.fromEntries([pair(value)]) },
    },
  })),
  'image-subpath': value => ({ ImageOptions: { Subpath: value } }),
  'tmpfs-size': tmpfs(value => ({ SizeBytes: bytesOf(value) })),
  'tmpfs-mode': tmpfs(value => {
    if (!/^[0-7]+$/.test(value)) throw badFlag(`invalid value for tmpfs-mode: ${value}`)
    return { Mode: Number.parseInt(value, 8) }
  }),
}

/** Fields that mean `true` when they stand without a value. */
const switches = ['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive', 'bind-create-src']

/** `--mount type=bind,source=…,target=…`; the fields are those of a line of CSV. */
export function parseMountFlag(text: string, cwd: string): Mount {
  let mount: Partial<Mount> = { Type: 'volume' }
  for (const field of csvFields(text)) {
    const [name, value] = pair(field)
    const key = name.toLowerCase()
    const isSwitch = !field.includes('=') && switches.includes(key)
    if (!field.includes('=') && !isSwitch) throw badFlag(`invalid field '${field}' must be a key=value pair`)
    const apply = fields[key]
    if (!apply) throw badFlag(`unexpected key '${key}' in '${field}'`)
    mount = { ...mount, ...apply(isSwitch ? 'true' : value, mount) }
  }
  const { Type = 'volume', Target } = mount
  if (!Target) throw badFlag('target is required')
  for (const [options, type] of [
    [mount.BindOptions, 'bind'],
    [mount.VolumeOptions, 'volume'],
    [mount.TmpfsOptions, 'tmpfs'],
    [mount.ImageOptions, 'image'],
  ] as const)
    if (options && Type !== type) throw badFlag(`cannot mix '${type}-*' options with mount type '${Type}'`)
  const { ReadOnlyNonRecursive, ReadOnlyForceRecursive, Propagation = 'rprivate' } = mount.BindOptions ?? {}
  for (const [isSet, value] of [
    [ReadOnlyNonRecursive, 'writable'],
    [ReadOnlyForceRecursive, 'readonly'],
  ] as const)
    if (isSet && !mount.ReadOnly)
      throw badFlag(`option 'bind-recursive=${value}' requires 'readonly' to be specified in conjunction`)
  if (ReadOnlyForceRecursive && Propagation !== 'rprivate')
    throw badFlag(
      "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
    )
  if (Type === 'bind' && mount.Source !== undefined && /^\.\.?(\/|$)/.test(mount.Source))
    mount.Source = path.resolve(cwd, mount.Source)
  return { ...mount, Type, Target }
}

function truth(value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true
  if (/^(0|f|false)$/i.test(value)) return false
  throw badFlag(`invalid value for a field of --mount: ${value}`)
}

function recursion(value: string): Mount['BindOptions'] {
  switch (value) {
    case 'enabled':
      return {}
    case 'disabled':
      return { NonRecursive: true }
    case 'writable':
      return { ReadOnlyNonRecursive: true }
    case 'readonly':
      return { ReadOnlyForceRecursive: true }
    default:
      throw badFlag(
        `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
      )
  }
}

/** A field with a comma in it stands in quotation marks (RFC 4180). */
export function csvFields(text: string): string[] {
  const parts = text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)
  return [...parts].map(([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain)
}
