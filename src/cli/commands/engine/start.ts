import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { describeEngine } from '../../output/engine-status.ts'

export const define: Define = (command, cli) =>
  command.action(async () => {
    const engine = await connect()
    cli.stdout.write(describeEngine(await engine.engineStatus()))
  })
