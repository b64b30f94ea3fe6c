import { createRequire } from 'node:module'
import hardhatNodeTestRunner from '@nomicfoundation/hardhat-node-test-runner'
import hardhatViem from '@nomicfoundation/hardhat-viem'
import { defineConfig } from 'hardhat/config'

export default defineConfig({
  plugins: [hardhatViem, hardhatNodeTestRunner],
  // The compiler of npm: nothing is downloaded when the tests run.
  solidity: {
    version: '0.8.37',
    path: createRequire(import.meta.url).resolve('solc/soljson.js'),
    settings: { evmVersion: 'prague' },
  },
  networks: {
    mosaic: { type: 'http', url: process.env['MOSAIC_URL'] ?? 'http://127.0.0.1:8545' },
  },
})
