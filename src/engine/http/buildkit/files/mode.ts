/** Go's `fs.FileMode`, which fsutil sends: permission bits as of the kernel, and the rest at places of its own. */
const GO = {
  directory: 0x8000_0000,
  symlink: 0x0800_0000,
  device: 0x0400_0000,
  fifo: 0x0200_0000,
  socket: 0x0100_0000,
  setuid: 0x0080_0000,
  setgid: 0x0040_0000,
  characterDevice: 0x0020_0000,
  sticky: 0x0010_0000,
} as const

export type FileType = 'file' | 'directory' | 'symlink' | 'other'

const has = (mode: number, bit: number): boolean => Math.floor(mode / bit) % 2 === 1

export function typeOfMode(mode: number): FileType {
  if (has(mode, GO.directory)) return 'directory'
  if (has(mode, GO.symlink)) return 'symlink'
  return [GO.device, GO.fifo, GO.socket, GO.characterDevice].some(bit => has(mode, bit)) ? 'other' : 'file'
}

/** As chmod(2) takes them. */
export const permissionsOfMode = (mode: number): number =>
  (mode % 0o1000) |
  (has(mode, GO.setuid) ? 0o4000 : 0) |
  (has(mode, GO.setgid) ? 0o2000 : 0) |
  (has(mode, GO.sticky) ? 0o1000 : 0)

/** @param permissions as chmod(2) takes them */
export const modeOf = (type: Exclude<FileType, 'other'>, permissions: number): number =>
  (permissions % 0o1000) +
  (type === 'directory' ? GO.directory : type === 'symlink' ? GO.symlink : 0) +
  (permissions & 0o4000 ? GO.setuid : 0) +
  (permissions & 0o2000 ? GO.setgid : 0) +
  (permissions & 0o1000 ? GO.sticky : 0)
