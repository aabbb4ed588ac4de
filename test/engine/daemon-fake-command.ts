/** A command that needs the engine: prints its process id, once the other command is there too. */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ensureEngine } from '../../src/engine/daemon/ensure-engine.ts'
import { enginePaths } from '../../src/engine/daemon/paths.ts'
import { startEngine } from '../../src/engine/daemon/start-engine.ts'

const entry = fileURLToPath(new URL('daemon-fake-main.ts', import.meta.url))
console.log('here')
await once(process.stdin, 'data')
using engine = await ensureEngine(enginePaths(), paths => startEngine(paths, entry))
console.log(`engine ${(await engine.engineStatus()).pid}`)
process.exit()
