/** syncfs(2) of the file system that `path` is on, in a process of its own: it takes as long as the disk does. */
export async function syncFileSystem(path: string): Promise<void> {
  const { execa } = await import('execa')
  await execa('sync', ['--file-system', path], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore', reject: false })
}
