import type { Socket } from 'node:net'
import { FRAME_HEADER, type Frame } from './protocol.ts'

/**
 * The next frame of a socket that nobody else reads, and not one byte more: what follows may be no frame.
 * @returns undefined at the end of the connection
 */
export async function readFrame(socket: Socket): Promise<Frame | undefined> {
  const header = await readBytes(socket, FRAME_HEADER)
  if (!header) return undefined
  const payload = await readBytes(socket, header.readUInt32BE(4))
  return payload && { type: header.readUInt8(0), payload }
}

async function readBytes(socket: Socket, size: number): Promise<Buffer | undefined> {
  if (size === 0) return Buffer.alloc(0)
  for (;;) {
    const bytes: Buffer | null = socket.read(size)
    // At the end read() gives what is left, which is less than was asked for.
    if (bytes) return bytes.length === size ? bytes : undefined
    if (socket.destroyed || socket.readableEnded) return undefined
    await somethingToRead(socket)
  }
}

const ready = ['readable', 'end', 'close'] as const

function somethingToRead(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    const settle = () => {
      for (const event of ready) socket.off(event, settle)
      resolve()
    }
    for (const event of ready) socket.on(event, settle)
  })
}
