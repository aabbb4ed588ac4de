import { humanDuration } from '../../../engine/human-duration.ts'
import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { humanSize } from '../../output/human-size.ts'
import { renderTable } from '../../output/table.ts'

export const define: Define = (command, cli) =>
  command.option('-q, --quiet', 'Only ids').action(async ({ quiet }: { quiet?: boolean }) => {
    const images = await (await connect()).imageList()
    const now = Date.now()
    const rows = images.flatMap(({ Id, RepoTags, Created, Size }) => {
      const id = Id.replace('sha256:', '').slice(0, 12)
      const age = `${humanDuration(now - Created * 1000)} ago`
      return (RepoTags.length > 0 ? RepoTags : ['<none>:<none>']).map(name => {
        const colon = name.lastIndexOf(':')
        return [name.slice(0, colon), name.slice(colon + 1), id, age, humanSize(Size)]
      })
    })
    if (quiet) cli.stdout.write([...new Set(rows.map(([, , id]) => `${id}\n`))].join(''))
    else cli.stdout.write(renderTable([['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'], ...rows]))
  })
