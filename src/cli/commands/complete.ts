import type { Engine } from '../../engine/api.ts'
import type { Define } from '../command.ts'
import { complete } from '../complete.ts'
import { findCommand } from '../find-command.ts'
import { defineCommon, resolveGlobals } from '../globals.ts'
import { loadOptions } from '../model.ts'
import { newProgram } from '../new-program.ts'

/**
 * What the scripts of `completion` ask with each press of the key. A line for each word: the word, a tab, its meaning;
 * a last line `:files` where names of files may stand, too. Nothing that goes wrong is told: it would stand in the
 * middle of what is being typed.
 */
export const define: Define = (command, cli) =>
  command
    .argument('[WORD...]')
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: string[]) => {
      const project = async () => {
        const { loadProject } = await import('../../compose/load/index.ts')
        const options = resolveGlobals(await globalsIn(words), cli.env)
        return (await loadProject({ ...loadOptions({ ...cli, options }), noConsistency: true, noEnvResolution: true }))
          .project
      }
      const names = {
        services: async () => {
          const { services, disabledServices } = await project()
          return Object.keys({ ...services, ...disabledServices }).sort()
        },
        profiles: async () => {
          const { services, disabledServices } = await project()
          return [
            ...new Set(Object.values({ ...services, ...disabledServices }).flatMap(({ profiles }) => profiles)),
          ].sort()
        },
        ...namesOfEngine,
      }
      const found = await complete(words, names, async ({ command: named, entry }) => {
        defineCommon(named, entry)
        const { define } = await entry.load()
        define(named, cli)
      }).catch(() => ({ candidates: [], files: true }))
      const lines = found.candidates.map(({ word, meaning }) => `${word}\t${meaning}\n`)
      cli.stdout.write([...lines, ...(found.files ? [':files\n'] : [])].join(''))
    })

/** What an engine that runs has; none is started for the sake of a word. */
const namesOfEngine = {
  containers: () =>
    ofEngine(async engine =>
      (await engine.containerList({ all: true })).flatMap(({ Names }) => Names.slice(0, 1)),
    ).then(names => names.map(name => name.replace(/^\//, ''))),
  images: () => ofEngine(async engine => (await engine.imageList()).flatMap(({ RepoTags }) => RepoTags)),
  networks: () => ofEngine(async engine => (await engine.networkList()).map(({ Name }) => Name)),
  volumes: () => ofEngine(async engine => (await engine.volumeList()).Volumes.map(({ Name }) => Name)),
}

async function ofEngine(list: (engine: Engine) => Promise<readonly string[]>): Promise<readonly string[]> {
  const [{ connectEngine }, { enginePaths }] = await Promise.all([
    import('../../engine/client/remote-engine.ts'),
    import('../../engine/daemon/paths.ts'),
  ])
  using engine = await connectEngine(enginePaths())
  return [...(await list(engine))].sort()
}

/** The flags before the command: they tell where the project is. */
async function globalsIn(words: readonly string[]): Promise<Parameters<typeof resolveGlobals>[0]> {
  const program = newProgram()
  const found = await findCommand(words.slice(0, -1), program)
  if (found.kind === 'command')
    found.command
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {})
  program.exitOverride()
  try {
    program.parse(words.slice(0, -1), { from: 'user' })
  } catch {
    // Half a command line need not be a good one.
  }
  return program.opts()
}
