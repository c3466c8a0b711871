"""The words of the captions, by attribute, and near words: what people write that the model never learned."""

from collections.abc import Mapping

SUBJECT_WORDS: Mapping[str, tuple[str, ...]] = {
    'car': ('car', 'automobile', 'auto', 'taxi'),
    'bus': ('bus', 'coach', 'minibus'),
    'train': ('train', 'locomotive', 'steam engine'),
    'boat': ('boat', 'sailboat', 'sailing boat', 'ship'),
    'airplane': ('airplane', 'plane', 'aeroplane', 'aircraft', 'jet'),
    'rocket': ('rocket', 'spaceship', 'spacecraft'),
    'balloon': ('balloon', 'air balloon'),
    'robot': ('robot', 'android', 'droid'),
    'house': ('house', 'home', 'cottage', 'hut'),
    'castle': ('castle', 'fortress', 'palace'),
    'tree': ('tree', 'oak'),
    'flower': ('flower', 'tulip', 'blossom'),
    'mushroom': ('mushroom', 'toadstool'),
    'cat': ('cat', 'kitten', 'kitty'),
    'dog': ('dog', 'puppy', 'hound'),
    'panda': ('panda', 'panda bear'),
    'lion': ('lion', 'lion king'),
    'owl': ('owl', 'eagle owl'),
    'bird': ('bird', 'chick', 'chicken'),
    'fish': ('fish', 'goldfish'),
    'horse': ('horse', 'pony', 'stallion'),
    'elephant': ('elephant',),
    'dragon': ('dragon', 'sea serpent'),
    'turtle': ('turtle', 'tortoise'),
}

COLOUR_WORDS: Mapping[str, tuple[str, ...]] = {
    'red': ('red', 'crimson', 'scarlet'),
    'orange': ('orange', 'tangerine'),
    'yellow': ('yellow', 'golden', 'lemon'),
    'green': ('green', 'emerald'),
    'blue': ('blue', 'azure', 'navy'),
    'purple': ('purple', 'violet', 'lilac'),
    'pink': ('pink', 'rose', 'magenta'),
    'white': ('white', 'pale', 'ivory'),
}

PLACE_WORDS: Mapping[str, tuple[str, ...]] = {
    'meadow': ('meadow', 'grass', 'field', 'garden', 'park'),
    'beach': ('beach', 'shore', 'coast', 'sand'),
    'forest': ('forest', 'woods', 'jungle'),
    'city': ('city', 'town', 'street', 'downtown'),
    'desert': ('desert', 'dunes', 'sahara'),
    'mountains': ('mountains', 'mountain', 'alps', 'hills'),
    'snow': ('snow', 'snowy field', 'ice', 'winter'),
    'sea': ('sea', 'ocean', 'water', 'lake', 'waves'),
}

TIME_WORDS: Mapping[str, tuple[str, ...]] = {
    'day': ('day', 'noon', 'daylight', 'midday'),
    'morning': ('morning', 'dawn', 'sunrise'),
    'sunset': ('sunset', 'dusk', 'evening', 'golden hour'),
    'night': ('night', 'midnight', 'moonlight', 'starry sky'),
}

WEATHER_WORDS: Mapping[str, tuple[str, ...]] = {
    'clear': ('clear sky', 'clear', 'cloudless'),
    'cloudy': ('cloudy', 'clouds', 'overcast'),
    'rainy': ('rainy', 'rain', 'storm', 'downpour'),
}

SHOT_WORDS: Mapping[str, tuple[str, ...]] = {
    'wide': ('wide shot', 'long shot', 'from afar', 'far away'),
    'medium': ('medium shot', 'mid shot'),
    'close': ('close-up shot', 'close-up', 'closeup', 'close up', 'portrait'),
}

ANGLE_WORDS: Mapping[str, tuple[str, ...]] = {
    'eye_level': ('eye level', 'eye-level shot'),
    'low_angle': ('low angle shot', 'low angle', 'from below'),
    'over_shoulder': ('over-the-shoulder view', 'over the shoulder', 'over-the-shoulder shot'),
    'overhead': ('overhead view', 'overhead', 'top-down view', 'from directly above'),
    'bird_eye': ("bird's eye view", 'birds eye view', 'aerial view'),
}

STYLE_WORDS: Mapping[str, tuple[str, ...]] = {
    'photo': ('photo', 'photo style', 'picture'),
    'watercolor': ('watercolor style', 'watercolor', 'watercolour', 'watercolor painting', 'aquarelle'),
    'pixel': ('pixel art style', 'pixel art', 'pixel style', 'pixelated', '8-bit'),
    'noir': ('noir style', 'noir', 'film noir', 'black and white', 'monochrome'),
    'pastel': ('pastel style', 'pastel', 'pastel colors', 'soft colors'),
    'vintage': ('vintage style', 'vintage', 'retro', 'old photo', 'sepia'),
}

COLUMN_WORDS: Mapping[str, tuple[str, ...]] = {
    'left': ('on the left', 'on the left side', 'at the left'),
    'middle': ('in the middle', 'in the center', 'in the centre', 'centered'),
    'right': ('on the right', 'on the right side', 'at the right'),
}

DIRECTION_WORDS: Mapping[str, tuple[str, ...]] = {
    'left': ('facing left', 'looking left', 'heading left', 'turned left'),
    'right': ('facing right', 'looking right', 'heading right', 'turned right'),
}

BACKDROP_WORDS: Mapping[str, tuple[str, ...]] = {
    'open': ('open view', 'open horizon', 'far horizon', 'open backdrop'),
    'layered': ('layered backdrop', 'layered scenery', 'rolling backdrop'),
    'tall': ('towering backdrop', 'tall backdrop', 'towering scenery'),
    'framed': ('framed view', 'framed backdrop', 'framed by scenery'),
}

WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    'subject': SUBJECT_WORDS,
    'colour': COLOUR_WORDS,
    'place': PLACE_WORDS,
    'time': TIME_WORDS,
    'weather': WEATHER_WORDS,
    'shot': SHOT_WORDS,
    'angle': ANGLE_WORDS,
    'style': STYLE_WORDS,
    'column': COLUMN_WORDS,
    'direction': DIRECTION_WORDS,
    'backdrop': BACKDROP_WORDS,
}

NEAR_WORDS: Mapping[str, str] = {
    near: known
    for known, words in {
        'car': 'truck lorry van suv jeep limousine vehicle motorcycle motorbike scooter bicycle bike tractor ambulance',
        'bus': 'tram trolley camper caravan',
        'train': 'railway metro subway wagon',
        'boat': 'yacht canoe kayak ferry vessel submarine raft galleon cruiser',
        'airplane': 'airliner helicopter glider drone biplane',
        'rocket': 'shuttle ufo missile satellite starship astronaut cosmonaut',
        'balloon': 'zeppelin blimp kite airship',
        'robot': 'cyborg machine man woman person boy girl people human knight wizard child king queen princess hero',
        'house': 'building cabin villa barn farm church school shop tent mansion',
        'castle': 'tower temple ruins cathedral lighthouse windmill',
        'tree': 'palm pine fir birch maple bush plant cactus',
        'flower': 'daisy sunflower roses tulips bouquet orchid lily flowers',
        'mushroom': 'fungus toadstools mushrooms',
        'cat': 'kittens cats lynx rabbit bunny hamster mouse squirrel raccoon',
        'dog': 'dogs wolf fox puppies husky poodle corgi pig',
        'panda': 'bear koala pandas teddy monkey gorilla',
        'lion': 'tiger leopard lioness panther cheetah lions jaguar',
        'owl': 'owls eagle hawk falcon raven crow bat',
        'bird': 'birds duck parrot sparrow hen penguin pigeon seagull swan goose canary flamingo butterfly bee',
        'fish': 'shark whale dolphin salmon trout octopus fishes crab jellyfish',
        'horse': 'unicorn donkey zebra deer cow bull camel foal goat sheep giraffe moose horses',
        'elephant': 'rhino hippo mammoth rhinoceros elephants buffalo',
        'dragon': 'dinosaur monster snake lizard crocodile wyvern serpent dragons',
        'turtle': 'frog snail toad turtles hedgehog beetle',
        'red': 'maroon ruby cherry burgundy',
        'orange': 'amber copper rust brown bronze peach',
        'yellow': 'gold blonde beige cream mustard',
        'green': 'lime olive mint jade',
        'blue': 'cyan turquoise teal indigo sapphire',
        'purple': 'lavender plum mauve',
        'pink': 'fuchsia coral salmon-pink',
        'white': 'silver grey gray bright snowy-white',
        'meadow': 'prairie lawn pasture valley countryside orchard savanna',
        'beach': 'seaside island bay lagoon tropical harbor harbour',
        'forest': 'rainforest woodland grove swamp',
        'city': 'road village metropolis urban avenue skyscrapers skyline square market',
        'desert': 'dune canyon wasteland mars',
        'mountains': 'cliff cliffs peak peaks volcano rocks rocky hill highlands',
        'snow': 'arctic glacier frozen snowy tundra antarctica icy',
        'sea': 'river pond pool underwater seascape',
        'day': 'daytime afternoon sunlight sunny summer',
        'morning': 'sunup daybreak',
        'sunset': 'twilight sundown',
        'night': 'nighttime dark moon moonlit stars starry midnight-blue space galaxy',
        'cloudy': 'cloud foggy fog misty mist haze hazy',
        'rainy': 'raining stormy thunderstorm drizzle wet',
        'watercolor': 'painting painted gouache ink acrylic oil',
        'pixel art': 'voxel pixels 16-bit minecraft lego',
        'noir': 'b&w greyscale grayscale',
        'pastel': 'dreamy anime ghibli',
        'vintage': 'old-fashioned antique polaroid nostalgic',
        'photo': 'realistic photograph photorealistic cinematic',
    }.items()
    for near in words.split()
}
"""A word the model never saw, and the nearest word it knows; 'truck' becomes 'car'."""

EXAMPLES = (
    'a red car on the beach at sunset',
    'a blue dragon in the mountains',
    'a panda in the snow, wide shot',
    'a yellow boat on the sea in the morning',
    'a robot in the city at night, close-up',
    'an orange cat in the forest, watercolor',
)
