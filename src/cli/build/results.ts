import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fullName, loginFor, splitTag } from '../../engine/client/registries.ts'
import type { RemoteEngine } from '../../engine/client/remote-engine.ts'
import { TscomposeError } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { writeMessages } from '../output/messages.ts'
import type { ImageBuildFlags } from './flags.ts'
import type { BuildOutput } from './outputs.ts'

export interface BuiltImage {
  readonly id: string
  readonly names: readonly string[]
  /** If it is for several platforms: what it is for each. */
  readonly images?: readonly { readonly platform: string; readonly id: string }[]
}

/** Takes what was built where the user wants it. */
export async function deliver(cli: Cli, engine: RemoteEngine, image: BuiltImage, output: BuildOutput): Promise<void> {
  switch (output.type) {
    case 'image':
      if (output.push) await pushAll(cli, engine, image.names)
      return
    case 'local':
      if (!image.images) return await unpackInto(output.dest, await engine.imageFiles(image.id), cli.signal)
      for (const { platform, id } of image.images) {
        const dest = join(output.dest, platform.replaceAll('/', '_'))
        await unpackInto(dest, await engine.imageFiles(id), cli.signal)
      }
      return
    case 'tar':
      return await write(cli, output.dest, await engine.imageFiles(image.id))
    case 'oci':
    case 'docker':
      return await write(cli, output.dest, await engine.imageSave(image.names.length > 0 ? image.names : [image.id]))
  }
}

/** Pushes an image by all its names. @throws TscomposeError CLI_FLAG if it has none */
export async function pushAll(cli: Cli, engine: RemoteEngine, names: readonly string[]): Promise<void> {
  if (names.length === 0) throw new TscomposeError('CLI_FLAG', 'tag is needed when pushing to registry')
  for (const name of names) {
    const { repository, tag = 'latest' } = splitTag(name)
    const messages = await engine.imagePush(repository, { ...(await loginFor(name, cli.signal)), tag }, cli.signal)
    await writeMessages(cli.stderr, messages)
  }
}

/** The file gets its name when it is whole. */
async function write({ stdout, signal }: Cli, dest: string | undefined, archive: Readable): Promise<void> {
  if (dest === undefined) {
    if (stdout.isTTY)
      throw new TscomposeError('CLI_FLAG', 'an archive is not written to a terminal: redirect, or dest=')
    return await pipeline(archive, stdout, { signal, end: false })
  }
  const partial = `${dest}.tscompose-partial`
  try {
    await pipeline(archive, createWriteStream(partial), { signal })
    await rename(partial, dest)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

/** The files belong to whoever builds. GNU tar takes no link in the archive, nor one that was there, for a directory. */
async function unpackInto(dest: string, archive: Readable, signal: AbortSignal): Promise<void> {
  const { execa } = await import('execa')
  await mkdir(dest, { recursive: true })
  const { failed, stderr } = await execa('tar', ['--extract', '--file=-', '--no-same-owner', `--directory=${dest}`], {
    input: archive,
    cancelSignal: signal,
    reject: false,
  })
  signal.throwIfAborted()
  if (failed) throw new TscomposeError('CLI_FLAG', `cannot write the files to ${dest}: ${stderr}`)
}

/** `--iidfile`, `--metadata-file` */
export async function leaveNotes({ iidfile, metadataFile }: ImageBuildFlags, image: BuiltImage, cwd: string) {
  if (iidfile !== undefined) await writeFile(resolve(cwd, iidfile), image.id)
  if (metadataFile === undefined) return
  const notes = {
    'containerimage.config.digest': image.id,
    'containerimage.digest': image.id,
    ...(image.names.length > 0 && { 'image.name': image.names.map(fullName).join(',') }),
  }
  await writeFile(resolve(cwd, metadataFile), `${JSON.stringify(notes, undefined, 2)}\n`)
}
