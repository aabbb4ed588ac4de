import type { Socket } from 'node:net'

type Done = (error?: Error | null) => void

/**
 * Makes a socket drop what its other side takes no more. By itself, a write that fails with EPIPE destroys a socket,
 * and with it all that the other side said before it closed: somebody who types when a process has just ended would
 * lose what it wrote last.
 */
export function forgiveWrites(socket: Socket): Socket {
  const { _write, _writev } = socket
  const forgiving = (done: Done) => () => done()
  socket._write = (chunk, encoding, done) => _write.call(socket, chunk, encoding, forgiving(done))
  if (_writev) socket._writev = (chunks, done) => _writev.call(socket, chunks, forgiving(done))
  return socket
}
