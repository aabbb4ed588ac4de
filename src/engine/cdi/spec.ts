import { messageOf, TscomposeError } from '../../errors.ts'
import { anything, type Fields, integer, list, map, object, type Parser, string, strings } from '../http/shapes.ts'
import { isKind, isQualifiedName } from './name.ts'

/** A specification of the Container Device Interface (SPEC.md, 1.1.0): the devices of one kind, and what they need. */
export interface CdiSpec {
  readonly cdiVersion: string
  /** `vendor.com/class` */
  readonly kind: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly devices: readonly CdiDevice[]
  /** What is done to a container that gets any of the devices. */
  readonly containerEdits?: CdiEdits
}

interface CdiDevice {
  readonly name: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly containerEdits?: CdiEdits
}

export interface CdiEdits {
  readonly env?: readonly string[]
  readonly deviceNodes?: readonly CdiDeviceNode[]
  readonly mounts?: readonly CdiMount[]
  readonly hooks?: readonly CdiHook[]
  readonly additionalGids?: readonly number[]
  readonly intelRdt?: object
  readonly netDevices?: readonly object[]
}

export interface CdiDeviceNode {
  readonly path: string
  readonly hostPath?: string
  readonly type?: string
  readonly major?: number
  readonly minor?: number
  readonly fileMode?: number
  /** Any of `rwm`; empty: all of them; `none`. */
  readonly permissions?: string
  readonly uid?: number
  readonly gid?: number
}

export interface CdiMount {
  readonly hostPath: string
  readonly containerPath: string
  readonly type?: string
  readonly options?: readonly string[]
}

export interface CdiHook {
  readonly hookName: string
  readonly path: string
  readonly args?: readonly string[]
  readonly env?: readonly string[]
  readonly timeout?: number
}

/** The specification demands it: a field that is not known may be one that matters. */
const exactly =
  <T extends object>(fields: Fields<T>, ...required: (keyof T & string)[]): Parser<T> =>
  (value, path) => {
    const known = object<T>(fields, ...required)
    const unknown = Object.keys(anything(value, path)).find(key => !(key in fields))
    if (unknown !== undefined) throw new Error(`${path ? `${path}.` : ''}${unknown} is not known`)
    return known(value, path)
  }

const edits = exactly<CdiEdits>({
  env: strings,
  deviceNodes: list(
    exactly<CdiDeviceNode>(
      {
        path: string,
        hostPath: string,
        type: string,
        major: integer,
        minor: integer,
        fileMode: integer,
        permissions: string,
        uid: integer,
        gid: integer,
      },
      'path',
    ),
  ),
  mounts: list(
    exactly<CdiMount>(
      { hostPath: string, containerPath: string, type: string, options: strings },
      'hostPath',
      'containerPath',
    ),
  ),
  hooks: list(
    exactly<CdiHook>(
      { hookName: string, path: string, args: strings, env: strings, timeout: integer },
      'hookName',
      'path',
    ),
  ),
  additionalGids: list(integer),
  intelRdt: anything,
  netDevices: list(anything),
})

const spec = exactly<CdiSpec>(
  {
    cdiVersion: string,
    kind: string,
    annotations: map(string),
    devices: list(exactly<CdiDevice>({ name: string, annotations: map(string), containerEdits: edits }, 'name')),
    containerEdits: edits,
  },
  'cdiVersion',
  'kind',
  'devices',
)

/** @throws TscomposeError ENGINE_CDI_SPEC_INVALID */
export function parseCdiSpec(document: unknown, file: string): CdiSpec {
  try {
    const parsed = spec(document, '')
    if (!/^(0\.[3-8]|1\.[01])\.\d+$/.test(parsed.cdiVersion))
      throw new Error(`cdiVersion "${parsed.cdiVersion}" is not known; it is known from 0.3.0 to 1.1.0`)
    if (!isKind(parsed.kind)) throw new Error(`kind "${parsed.kind}" is not of the form vendor.com/class`)
    if (parsed.devices.length === 0) throw new Error('it has no devices')
    for (const { name } of parsed.devices)
      if (!isQualifiedName(`${parsed.kind}=${name}`)) throw new Error(`a device cannot be called "${name}"`)
    return parsed
  } catch (cause) {
    throw new TscomposeError('ENGINE_CDI_SPEC_INVALID', `invalid CDI specification ${file}: ${messageOf(cause)}`, {
      cause,
    })
  }
}
