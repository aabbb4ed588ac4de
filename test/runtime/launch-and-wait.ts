/** An engine to be killed: launches a container, prints its pid, and stays. */
import { launch } from '../../src/runtime/launch.ts'
import { shellProgram } from './launch-fixture.ts'

const [runDir = '', stateDir = ''] = process.argv.slice(2)
const program = shellProgram({ script: 'echo begun; read line; echo got $line; exit 9', stdin: true })
const { monitor } = await launch(() => program, {
  name: 'orphan',
  runDir,
  stateDir,
  log: { maxSize: 0, maxFiles: 1 },
  stdin: true,
  terminal: false,
})
process.stdout.write(String(monitor.pid))
await monitor.exited
