/**
 * syncfs(2) of the file system that `path` is on, in a process of its own: it takes as long as the disk does.
 * @returns whether everything that was written before is on the disk
 */
export async function syncFileSystem(path: string): Promise<boolean> {
  const { execa } = await import('execa')
  const { failed } = await execa('sync', ['--file-system', path], {
    ...{ stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' },
    reject: false,
  })
  return !failed
}
