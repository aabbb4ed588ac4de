import { TscomposeError } from '../../errors.ts'
import type { DeviceRequest } from '../api.ts'
import { invalid } from '../failures.ts'
import type { Catalogue } from './catalogue.ts'
import { isQualifiedName } from './name.ts'

/** The kinds of graphics processors by the name of their driver; the first that is there is meant where none is named. */
const graphics = { nvidia: 'nvidia.com/gpu', amd: 'amd.com/gpu' } as const

/** @throws TscomposeError ENGINE_REQUEST_INVALID for what no machine could make sense of */
export function checkDeviceRequest({ Driver, Count = 0, DeviceIDs }: DeviceRequest): void {
  if (Driver !== 'cdi' && Count !== 0 && DeviceIDs?.length)
    throw invalid('cannot set both Count and DeviceIDs on device request')
  if (Count < -1) throw invalid(`invalid count of devices: ${Count}`)
}

/**
 * The names of the devices that a request asks for. Those of the driver `cdi` it names itself; graphics processors
 * (`--gpus`, the capability `gpu`) are those that a specification of their vendor describes, `all` or by number.
 * @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_CDI_DEVICE_UNKNOWN
 */
export function requestedDevices(request: DeviceRequest, { names, directories }: Catalogue): string[] {
  const { Driver, Count = 0, DeviceIDs, Capabilities } = request
  if (Driver === 'cdi') {
    for (const name of DeviceIDs ?? []) if (!isQualifiedName(name)) throw invalid(`invalid CDI device name: ${name}`)
    return [...(DeviceIDs ?? [])]
  }
  const sets = Capabilities ?? []
  const has = (kind: string) => names.some(name => name.startsWith(`${kind}=`))
  const kind = Driver ? graphics[Driver as keyof typeof graphics] : Object.values(graphics).find(has)
  if (!kind || !has(kind) || !sets.some(set => set.includes('gpu'))) {
    const words = sets.map(set => `[${set.join(' ')}]`).join('')
    throw new TscomposeError(
      'ENGINE_CDI_DEVICE_UNKNOWN',
      `could not select device driver "${Driver ?? ''}" with capabilities: [${words}]`,
      {
        fix:
          `Graphics processors are found by a CDI specification in ${directories.join(' or ')}; there is none of the ` +
          `kind ${kind ?? 'nvidia.com/gpu'}. "nvidia-ctk cdi generate --disable-hook=all" writes one.`,
      },
    )
  }
  if (DeviceIDs?.length) return DeviceIDs.map(id => `${kind}=${id}`)
  return Count === -1 ? [`${kind}=all`] : Array.from({ length: Count }, (_, index) => `${kind}=${index}`)
}
