import { enginePaths } from '../../../engine/daemon/paths.ts'
import { enableService } from '../../../engine/daemon/service.ts'
import { renderUnit, UNIT } from '../../../engine/daemon/unit.ts'
import type { Define } from '../../command.ts'
import { programPath } from '../../program-path.ts'

export const define: Define = (command, cli) =>
  command.option('--print', 'Only print the unit file').action(async ({ print }: { print?: boolean }) => {
    const unit = renderUnit(programPath(), enginePaths(), process.env)
    if (print) return void cli.stdout.write(unit)
    await enableService(unit)
    cli.stdout.write(
      `The engine starts with the machine now (${UNIT}), and with it the containers that are to run always.\n`,
    )
  })
