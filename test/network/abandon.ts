/** An engine that makes networks and sandboxes, says what it has made, and is killed. Arguments: directories, specs. */
import type { NetworkSpec, SandboxSpec } from '../../src/network/network.ts'
import { openNetworks } from '../../src/network/networks.ts'

const [runDir = '', dataDir = '', specs = ''] = process.argv.slice(2)
const { networks, sandboxes } = JSON.parse(specs) as { networks: NetworkSpec[]; sandboxes: SandboxSpec[] }

const layer = await openNetworks({ runDir, dataDir })
const made = {
  networks: await Promise.all(networks.map(spec => layer.createNetwork(spec))),
  sandboxes: await Promise.all(sandboxes.map(spec => layer.createSandbox(spec))),
}
process.stdout.write(`${JSON.stringify(made)}\n`)
setInterval(() => {}, 60_000)
