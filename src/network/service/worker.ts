import { parentPort } from 'node:worker_threads'
import { serve } from './rpc.ts'
import { NetworkService } from './service.ts'

if (parentPort) serve(parentPort, new NetworkService())
