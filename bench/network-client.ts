/**
 * Runs in a container's network namespace (by nsenter), the same for every engine:
 *   dns NAME QUERIES OUTSTANDING   asks 127.0.0.11; prints queries a second, p50 and p99 in ms
 *   sink PORT                      takes whatever comes to the port, until it is ended
 *   source ADDRESS PORT SECONDS    sends as much as goes; prints Gbit/s
 */
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'

const [mode, ...args] = process.argv.slice(2)
if (mode === 'dns') await dns(args[0] ?? '', Number(args[1]), Number(args[2]))
else if (mode === 'sink') createServer(socket => socket.on('error', () => {}).resume()).listen(Number(args[0]))
else if (mode === 'source') await source(args[0] ?? '', Number(args[1]), Number(args[2]))

async function dns(name: string, queries: number, outstanding: number): Promise<void> {
  const labels = name.split('.').map(label => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
  const query = Buffer.concat([
    Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ...labels,
    Buffer.from([0, 0, 1, 0, 1]),
  ])
  const socket = createSocket('udp4')
  const began = new Map<number, number>()
  const latencies: number[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let next = 0
  const ask = () => {
    const id = next++ & 0xffff
    query.writeUInt16BE(id, 0)
    began.set(id, performance.now())
    socket.send(Buffer.from(query))
  }
  socket.on('message', answer => {
    const id = answer.readUInt16BE(0)
    if (answer.readUInt16BE(6) === 0) reject(new Error(`${name} has no address`))
    latencies.push(performance.now() - (began.get(id) ?? 0))
    if (latencies.length >= queries) resolve()
    else ask()
  })
  await new Promise<void>(connected => socket.connect(53, '127.0.0.11', connected))
  const start = performance.now()
  for (let i = 0; i < outstanding; i++) ask()
  await promise
  const perSecond = (latencies.length / (performance.now() - start)) * 1000
  socket.close()
  latencies.sort((a, b) => a - b)
  const at = (part: number) => latencies[Math.floor(latencies.length * part)]
  console.log(JSON.stringify({ perSecond, p50: at(0.5), p99: at(0.99) }))
}

async function source(address: string, port: number, seconds: number): Promise<void> {
  const socket = connect(port, address)
  const block = Buffer.alloc(1 << 20)
  const start = performance.now()
  while (performance.now() - start < seconds * 1000)
    await new Promise<void>((resolve, reject) => socket.write(block, error => (error ? reject(error) : resolve())))
  const bits = socket.bytesWritten * 8
  console.log(JSON.stringify({ gigabits: bits / ((performance.now() - start) / 1000) / 1e9 }))
  socket.destroy()
}
