import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MountSpec } from '../../runtime/spec.ts'
import type { FileMount, HostConfig } from '../api.ts'
import type { ContainerDirectory } from './container.ts'

/*
 * Files whose contents came with the request to make a container: secrets and configs. They live and die with the
 * container's directory, which only the engine's user can enter, and neither the record nor inspect has what is in them.
 */

const pathOf = ({ root }: ContainerDirectory, index: number): string => join(root, 'files', String(index))

/** Writes the files with the owner and mode the container shall see. */
export async function writeGrantedFiles(directory: ContainerDirectory, files: readonly FileMount[]): Promise<void> {
  if (files.length === 0) return
  await mkdir(join(directory.root, 'files'), { mode: 0o700 })
  await Promise.all(
    files.map(async ({ Content, UID, GID, Mode }, index) => {
      const path = pathOf(directory, index)
      await writeFile(path, Buffer.from(Content, 'base64'), { mode: 0o600 })
      await chown(path, UID, GID)
      await chmod(path, Mode & 0o7777)
    }),
  )
}

/** The host configuration as it is kept. */
export const withoutContents = (hostConfig: HostConfig): HostConfig =>
  hostConfig.Files ? { ...hostConfig, Files: hostConfig.Files.map(file => ({ ...file, Content: '' })) } : hostConfig

export const grantedMounts = (directory: ContainerDirectory, { Files = [] }: HostConfig): MountSpec[] =>
  Files.map(({ Target }, index) => ({
    type: 'bind',
    source: pathOf(directory, index),
    destination: Target,
    readonly: true,
    owned: true,
  }))
