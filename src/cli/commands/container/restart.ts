import { defineEnding } from './stop.ts'

export const define = defineEnding('containerRestart')
