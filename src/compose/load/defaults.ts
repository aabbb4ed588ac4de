import { pathRules } from './path-rules.ts'
import type { Transform } from './transform.ts'
import { transform } from './transform.ts'
import type { MapNode, Node } from './yaml/node.ts'
import { implied, mapOf, scalarAt, stringOf } from './yaml/node.ts'

type Rule = Transform<undefined>

/** Sets attributes of a map that are not there. */
const fill =
  (values: (map: MapNode) => Readonly<Record<string, string | boolean>>): Rule =>
  (node: Node) => {
    const map = mapOf(node)
    if (map)
      for (const [key, value] of Object.entries(values(map)))
        if (!map.entries.has(key)) map.entries.set(key, implied(scalarAt(map, value)))
    return node
  }

const allDevices = fill(map => (map.entries.has('device_ids') ? {} : { count: 'all' }))

const rules = pathRules<Rule>({
  'services.*.build': fill(() => ({ context: '.' })),
  'services.*.secrets.*': fill(map => ({ target: `/run/secrets/${stringOf(map.entries.get('source')) ?? '<nil>'}` })),
  'services.*.ports.*': fill(() => ({ protocol: 'tcp', mode: 'ingress' })),
  'services.*.deploy.resources.reservations.devices.*': allDevices,
  'services.*.gpus.*': allDevices,
  'services.*.volumes.*.bind': fill(() => ({ create_host_path: true })),
})

/** Gives attributes that nobody set the values they have then. */
export const setDefaults = (model: MapNode): void => transform(model, rules, undefined)
