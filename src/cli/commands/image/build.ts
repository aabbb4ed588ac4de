import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ImageBuildRequest } from '../../../engine/api.ts'
import type { RemoteEngine } from '../../../engine/client/remote-engine.ts'
import { reportCheck } from '../../build/check.ts'
import { contextRequest } from '../../build/context.ts'
import { declareBuildFlags, type ImageBuildFlags } from '../../build/flags.ts'
import { assertForPlatforms, type BuildOutput, parseOutput } from '../../build/outputs.ts'
import { buildRequest } from '../../build/request.ts'
import { type BuiltImage, deliver, leaveNotes } from '../../build/results.ts'
import type { Cli } from '../../cli.ts'
import type { Define } from '../../command.ts'
import { badFlag } from '../../create/parsed.ts'
import { connect } from '../../engine.ts'
import { openBuildProgress } from '../../progress/build.ts'

export const define: Define = (command, cli) =>
  declareBuildFlags(
    command.argument('<PATH|URL|->', 'Where the files are; -: an archive, or a Dockerfile alone'),
  ).action(async (path: string, flags: ImageBuildFlags) => {
    const outputs = (flags.output ?? []).map(text => parseOutput(text, cli.cwd))
    if (flags.push) outputs.push({ type: 'image', push: true })
    const tag = [...(flags.tag ?? []), ...outputs.flatMap(namesOf)]
    const pushes = outputs.some(output => output.type === 'image' && output.push)
    if (pushes && tag.length === 0) throw badFlag('tag is needed when pushing to registry')
    const asked = buildRequest({ ...flags, tag }, cli)
    for (const { type } of outputs) assertForPlatforms(type, asked.Platforms?.length ?? 0)
    // An old id in the file would be taken for that of a build which has failed.
    if (flags.iidfile !== undefined) await rm(resolve(cli.cwd, flags.iidfile), { force: true })
    await using context = await contextRequest(path, flags.file, cli)
    const engine = await connect()
    const request = { ...asked, ...context.request }
    const { image, warnings } = await runBuild(cli, engine, request, flags)
    if (request.Check) return reportCheck(cli, warnings)
    if (!image) throw new TypeError('a build has ended without an image')
    for (const output of outputs) await deliver(cli, engine, image, output)
    await leaveNotes(flags, image, cli.cwd)
    if (flags.quiet) cli.stdout.write(`${image.id}\n`)
  })

async function runBuild(
  cli: Cli,
  engine: RemoteEngine,
  request: ImageBuildRequest,
  { progress: mode, quiet = false }: ImageBuildFlags,
): Promise<{ readonly image: BuiltImage | undefined; readonly warnings: number }> {
  await using display = await openBuildProgress(cli, { mode, quiet })
  let image: BuiltImage | undefined
  let warnings = 0
  for await (const message of await engine.imageBuild(request, {}, cli.signal)) {
    if (message.type === 'image') image = message
    if (message.type === 'warning') warnings++
    display.tell('', message)
  }
  return { image, warnings }
}

const namesOf = (output: BuildOutput): readonly string[] =>
  output.type === 'image' && output.name !== undefined ? output.name.split(',') : []
