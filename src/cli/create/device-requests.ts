import type { DeviceRequest } from '../../engine/api.ts'
import { isQualifiedName } from '../../engine/cdi/name.ts'
import type { CreateFlags } from './flags.ts'
import { csvFields } from './mounts.ts'
import { badFlag } from './parsed.ts'

/** Devices that a specification describes (`--device vendor.com/class=name`), and `--gpus`. */
export function parseDeviceRequests({
  device = [],
  gpus,
}: Pick<CreateFlags, 'device' | 'gpus'>): DeviceRequest[] | undefined {
  const DeviceIDs = device.filter(isQualifiedName)
  const requests: DeviceRequest[] = [
    ...(gpus === undefined ? [] : [parseGpus(gpus)]),
    ...(DeviceIDs.length > 0 ? [{ Driver: 'cdi', DeviceIDs }] : []),
  ]
  return requests.length > 0 ? requests : undefined
}

/** `all`, a number, or `"device=0,2",capabilities=utility` (docker run, `--gpus`). */
function parseGpus(text: string): DeviceRequest {
  const request: DeviceRequest = { Driver: '', Count: 0, DeviceIDs: [], Capabilities: [['gpu']], Options: {} }
  const seen = new Set<string>()
  for (const field of csvFields(text)) {
    const [, key = 'count', value = field] = /^([^=]*)=(.*)$/s.exec(field) ?? []
    if (seen.has(key)) throw badFlag(`gpu request key '${key}' can be specified only once`)
    seen.add(key)
    if (key === 'count') request.Count = countOf(value)
    else if (key === 'driver') request.Driver = value
    else if (key === 'device') request.DeviceIDs = value.split(',')
    else if (key === 'capabilities') request.Capabilities = [[...new Set(['gpu', ...value.split(',')])]]
    else if (key === 'options')
      request.Options = Object.fromEntries(csvFields(value).map(option => keyAndValue(option)))
    else throw badFlag(`unexpected key '${key}' in '${field}'`)
  }
  if (!seen.has('count') && !seen.has('device')) request.Count = 1
  return request
}

function countOf(text: string): number {
  if (text === 'all') return -1
  if (!/^[+-]?\d+$/.test(text)) throw badFlag(`invalid count (${text}): value must be either "all" or an integer`)
  return Number(text)
}

function keyAndValue(text: string): [key: string, value: string] {
  const [key = '', ...value] = text.split('=')
  return [key, value.join('=')]
}
