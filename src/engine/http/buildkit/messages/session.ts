import { bytes, int64, integer, map, message, nested, string } from '../rpc/protobuf.ts'

/**
 * What the engine asks a client for on its session (buildkit, session/: auth.proto, filesync.proto, secrets.proto,
 * ssh.proto, upload.proto; fsutil, types/wire.proto).
 */

/** What is sent where bytes are meant. */
export const bytesMessage = message({ data: bytes(1) })

/** An inode. `mode` is Go's `fs.FileMode`, `modTime` nanoseconds since 1970. */
export const stat = message({
  path: string(1),
  mode: integer(2),
  uid: integer(3),
  gid: integer(4),
  size: integer(5),
  modTime: int64(6),
  /** Of a symbolic link, or the path of the file that this is another name of. */
  linkname: string(7),
  devmajor: integer(8),
  devminor: integer(9),
  xattrs: map(10, bytes),
})

/** One step of the transfer of files; see files/receive.ts. */
export const packet = message({ type: integer(1), stat: nested(2, stat), id: integer(3), data: bytes(4) })
export const PACKET = { STAT: 0, REQ: 1, DATA: 2, FIN: 3, ERR: 4 } as const

export const credentialsRequest = message({ Host: string(1) })
export const credentialsResponse = message({ Username: string(1), Secret: string(2) })

export const getSecretRequest = message({ ID: string(1) })
export const getSecretResponse = message({ data: bytes(1) })

export const checkAgentRequest = message({ ID: string(1) })
export const checkAgentResponse = message({})
