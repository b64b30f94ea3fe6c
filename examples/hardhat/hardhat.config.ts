import hardhatNodeTestRunner from '@nomicfoundation/hardhat-node-test-runner'
import hardhatViem from '@nomicfoundation/hardhat-viem'
import { defineConfig } from 'hardhat/config'

export default defineConfig({
  plugins: [hardhatViem, hardhatNodeTestRunner],
  solidity: '0.8.30',
  networks: { mosaic: { type: 'http', url: 'http://127.0.0.1:8545' } },
})
