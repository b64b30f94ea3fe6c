import { encodeRlp, hexToBytes, type RlpItem } from '@mosaic/primitives'

/** The fields of block 1 of Ethereum mainnet, in order. Its hash: {@link MAINNET_BLOCK_1_HASH}. */
export const MAINNET_BLOCK_1: readonly Uint8Array[] = [
  '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
  '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
  '0x05a56e2d52c817161883f50c441c3228cfe54d9f',
  '0xd67e4d450343046425ae4271474353857ab860dbc0a1dde64b41b5cd3a532bf3',
  '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
  '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
  `0x${'00'.repeat(256)}`,
  '0x03ff800000',
  '0x01',
  '0x1388',
  '0x',
  '0x55ba4224',
  '0x476574682f76312e302e302f6c696e75782f676f312e342e32',
  '0x969b900de27b6ac6a67742365dd65f55a0526c41fd18e1b16f1a1215c2e66f59',
  '0x539bd4979fef1ec4',
].map(hexToBytes)

export const MAINNET_BLOCK_1_HASH =
  '0x88e96d4537bea4d9c05d12549907b32561d3bf31f45aae734cdc119f13406cb6'

/** The RLP of the fields of a header, some of them replaced. */
export function encodeHeader(
  changes: Readonly<Record<number, RlpItem>> = {},
  fields: readonly RlpItem[] = MAINNET_BLOCK_1,
): Uint8Array {
  return encodeRlp(fields.map((field, index) => changes[index] ?? field))
}
