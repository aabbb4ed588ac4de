import { greet } from '../../packages/greeting/index.js'

greet('api')
