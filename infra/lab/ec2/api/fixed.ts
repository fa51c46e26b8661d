import { ARCHITECTURE, IMAGES, type Image } from '../images.ts';
import { Refusal } from '../refusal.ts';
import { ACCOUNT_ID, REGIONS, type Region } from '../regions.ts';
import type { Action } from './call.ts';
import { readFilters } from './filters.ts';

const REGION_FILTERS: Readonly<Record<string, (region: Region) => readonly string[]>> = {
  'region-name': ({ name }) => [name],
  'opt-in-status': () => ['opt-in-not-required'],
};

/** DescribeRegions: those that the local EC2 has. */
export const describeRegions: Action = {
  accepts: ['RegionName', 'Filter', 'AllRegions'],
  run({ form }) {
    const names = form.list('RegionName');
    const unknown = names.find((name) => !REGIONS.some((region) => region.name === name));
    if (unknown !== undefined)
      throw new Refusal('InvalidParameterValue', `Invalid region provided: ${unknown}`);
    const matches = readFilters<Region>(
      form,
      (name) => Object.hasOwn(REGION_FILTERS, name),
      (region, name) => REGION_FILTERS[name]?.(region),
    );
    const regions = REGIONS.filter((region) => names.length === 0 || names.includes(region.name)).filter(
      matches,
    );
    const regionInfo = regions.map(({ name }) => ({
      regionName: name,
      regionEndpoint: `ec2.${name}.amazonaws.com`,
      optInStatus: 'opt-in-not-required',
    }));
    return { regionInfo };
  },
};

const IMAGE_FILTERS: Readonly<Record<string, (image: Image) => readonly string[]>> = {
  architecture: () => [ARCHITECTURE],
  'image-id': ({ id }) => [id],
  name: ({ name }) => [name],
  state: () => ['available'],
};

/** @throws Refusal InvalidAMIID.Malformed, InvalidAMIID.NotFound */
export function findImage(id: string): Image {
  if (!/^ami-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
    throw new Refusal('InvalidAMIID.Malformed', `Invalid id: "${id}" (expecting "ami-...")`);
  }
  const image = IMAGES.find((each) => each.id === id);
  if (!image) throw new Refusal('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  return image;
}

/** DescribeImages: the fixed ones. */
export const describeImages: Action = {
  accepts: ['ImageId', 'Filter', 'Owner', 'ExecutableBy', 'IncludeDeprecated', 'MaxResults', 'NextToken'],
  run({ form }) {
    const ids = form.list('ImageId');
    const named = ids.length === 0 ? IMAGES : ids.map(findImage);
    const matches = readFilters<Image>(
      form,
      (name) => Object.hasOwn(IMAGE_FILTERS, name),
      (image, name) => IMAGE_FILTERS[name]?.(image),
    );
    const imagesSet = named.filter(matches).map((image) => ({
      imageId: image.id,
      name: image.name,
      description: image.description,
      imageState: 'available',
      imageOwnerId: ACCOUNT_ID,
      isPublic: true,
      creationDate: image.createdAt,
      architecture: ARCHITECTURE,
      imageType: 'machine',
      rootDeviceType: 'ebs',
      rootDeviceName: '/dev/xvda',
      virtualizationType: 'hvm',
    }));
    return { imagesSet };
  },
};
