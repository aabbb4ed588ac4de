/** An engine that makes networks and sandboxes and takes them away again, until it is killed. Arguments: directories. */
import { openNetworks } from '../../src/network/networks.ts'
import { endpointOn, newId, port } from './specs.ts'

const [runDir = '', dataDir = ''] = process.argv.slice(2)
const layer = await openNetworks({ runDir, dataDir })
const network = async (name: string, internal = false) =>
  await layer.createNetwork({
    id: newId(),
    name,
    internal,
    enableIPv4: true,
    enableIPv6: name === 'front',
    subnets: [],
    options: {},
  })

process.stdout.write('ready\n')
for (;;) {
  const [front, back] = await Promise.all([network('front'), network('back', true)])
  const made = await Promise.all(
    ['web', 'db', 'api'].map((name, index) =>
      layer.createSandbox({
        containerId: newId(),
        containerName: name,
        endpoints: [endpointOn(front, name)],
        ports: [port(80, 8080 + index)],
        dns: { servers: [], search: [], options: [] },
        sysctl: {},
      }),
    ),
  )
  for (const { containerId, containerName } of made) await layer.connect(containerId, endpointOn(back, containerName))
  await Promise.all(made.map(({ containerId }) => layer.removeSandbox(containerId)))
  for (const { id } of [front, back]) await layer.removeNetwork(id)
}
