import { splitTag } from '../../../engine/client/registries.ts'
import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'

export const define: Define = command =>
  command
    .argument('<SOURCE[:TAG]>')
    .argument('<TARGET[:TAG]>')
    .action(async (source: string, target: string) => {
      const { repository, tag = 'latest' } = splitTag(target)
      await (await connect()).imageTag(source, repository, tag)
    })
