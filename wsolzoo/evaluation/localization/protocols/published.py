"""The protocols of the literature, one object each."""

from dataclasses import replace

from wsolzoo.evaluation.localization.protocols.definition import (
    BoxRule,
    HitRule,
    MapRule,
    Protocol,
    ThresholdRule,
    View,
)

_CROP = View(resize=(256, 256), crop=(224, 224))
_CROP_TEN = View(resize=(256, 256), crop=(224, 224), scores='ten crops')
_BAS_THRESHOLDS_V1 = {
    'cub/vgg16': 0.15,
    'cub/mobilenetv1': 0.15,
    'cub/resnet50': 0.15,
    'cub/inceptionv3': 0.10,
    'ilsvrc/vgg16': 0.50,
    'ilsvrc/mobilenetv1': 0.50,
    'ilsvrc/resnet50': 0.45,
    'ilsvrc/inceptionv3': 0.30,
}
_BAS_THRESHOLDS_V2 = {
    'cub/vgg16': 0.10,
    'cub/mobilenetv1': 0.10,
    'cub/resnet50': 0.10,
    'cub/inceptionv3': 0.10,
    'ilsvrc/vgg16': 0.45,
    'ilsvrc/mobilenetv1': 0.50,
    'ilsvrc/resnet50': 0.25,
    'ilsvrc/inceptionv3': 0.25,
}
_CAM_THRESHOLD = ThresholdRule(fixed=0.2)
_FIXED_NOTE = 'the fixed column uses 0.2 of the maximum, the threshold of Zhou et al. (CVPR 2016)'
_CENTRE_NOTE = 'a true box that the centre crop lost has IoU 0; its image is counted'
_BAS_BOX = BoxRule('largest component', clip=False, empty='view')

CHOE2020_V1 = Protocol(
    name='choe2020-v1',
    source='MaxBoxAcc, Choe et al., CVPR 2020',
    threshold=_CAM_THRESHOLD,
    notes=(_FIXED_NOTE,),
)
CHOE2020_V2 = Protocol(
    name='choe2020-v2',
    source='MaxBoxAccV2, Choe et al., TPAMI 2022 (arXiv 2007.04178)',
    threshold=_CAM_THRESHOLD,
    box=BoxRule('all contours'),
    hit=HitRule(ious=(0.3, 0.5, 0.7)),
    notes=(_FIXED_NOTE, 'the threshold is chosen for every IoU level by itself'),
)
CHOE2020_PXAP = Protocol(
    name='choe2020-pxap',
    source='PxAP, Choe et al., CVPR 2020; pIoU as reported by BAS-Extension, IJCV 2023',
    map=MapRule(quantise=False),
    threshold=ThresholdRule(reference='one'),
    box=None,
)
BAS_V1 = Protocol(
    name='bas-v1',
    source='BAS, Wu et al., CVPR 2022',
    view=_CROP_TEN,
    map=MapRule(before_resize=True, interpolation='linear', quantise=False),
    threshold=ThresholdRule(0.01, 'one', fixed=0.15, published=_BAS_THRESHOLDS_V1, policy='fixed'),
    box=_BAS_BOX,
    hit=HitRule(strict=True, strict_topk=True, truth='float', average='macro'),
    notes=(
        'the published thresholds were tuned on the test split for each backbone and data set; the default is that of '
        'VGG16 on CUB',
        _CENTRE_NOTE,
        'components of equal size: the first in raster order',
        'a constant map counts as empty (the source divides by zero there)',
    ),
)
BAS_V2 = Protocol(
    name='bas-v2',
    source='BAS-Extension, Zhai et al., IJCV 2023 (arXiv 2309.12943); SAT, ICCV 2023, uses the same rules',
    view=_CROP_TEN,
    map=MapRule('minmax', {'eps': 1e-5}, before_resize=True, interpolation='linear', quantise=False),
    threshold=ThresholdRule(0.01, 'one', fixed=0.10, published=_BAS_THRESHOLDS_V2, policy='fixed'),
    box=_BAS_BOX,
    hit=HitRule(ious=(0.3, 0.5, 0.7), truth='last pixel'),
    notes=(
        'the mean over IoU 0.3, 0.5, 0.7 at the fixed threshold is not MaxBoxAccV2: one threshold, one component',
        _CENTRE_NOTE,
        'components of equal size: the first in raster order',
    ),
)
PAS2020 = Protocol(
    name='pas2020',
    source='PaS, Bae et al., ECCV 2020',
    view=_CROP,
    threshold=ThresholdRule(
        0.01, 'p90', fixed=0.35, published={'cub/vgg16': 0.35, 'ilsvrc/vgg16': 0.35}, policy='fixed'
    ),
    box=BoxRule(clip=False, empty='view'),
    hit=HitRule(truth='last pixel', gt_policy='first'),
    notes=(
        'the percentile is taken of the 256 grey levels, with linear interpolation',
        'sides of an intersection are clamped at 0 (the source multiplies two negative sides)',
        'the source scales x + w - 1 as the end of a true box, here it is x + w as in the metadata of Choe et al.',
        _CENTRE_NOTE,
    ),
)
SPOL2021 = Protocol(
    name='spol2021',
    source='SPOL, Wei et al., CVPR 2021',
    view=View(resize=(256, 256), crop=(224, 224), scores='separate classifier'),
    map=MapRule('clip', interpolation='linear', quantise=False),
    threshold=ThresholdRule(
        0.01, 'one', fixed=0.2, published={'cub/resnet50': 0.2, 'ilsvrc/resnet50': 0.8}, policy='fixed'
    ),
    box=BoxRule(clip=False, empty='skip'),
    hit=HitRule(offset=0, strict=True, strict_topk=True, truth='float'),
    notes=(
        'the map is the output of a sigmoid and is used as it is',
        'the source also leaves out ILSVRC2012_val_00033202; here no image is left out by name',
        _CENTRE_NOTE,
    ),
)
TSCAM2021 = Protocol(
    name='tscam2021',
    source='TS-CAM, Gao et al., ICCV 2021',
    map=MapRule(interpolation='linear'),
    threshold=ThresholdRule(0.01, fixed=0.10, published={'cub/deit-s': 0.10, 'ilsvrc/deit-s': 0.12}, policy='fixed'),
    box=BoxRule(clip=False, empty='pixel'),
    hit=HitRule(strict_topk=True, truth='float'),
    notes=(
        'the source takes one box for each of the five predicted classes for Top-5 Loc; here the one map of an image '
        'serves for all',
    ),
)
CHOE2020_V2_FULLSUP = Protocol(
    name='choe2020-v2-fullsup',
    source='MaxBoxAccV2 with the threshold of train-fullsup, after the policy of Choe et al., CVPR 2020',
    threshold=ThresholdRule(fixed=0.2, policy='transferred', roles=('train-fullsup', 'test')),
    box=BoxRule('all contours'),
    hit=HitRule(ious=(0.3, 0.5, 0.7)),
    notes=(
        _FIXED_NOTE,
        'the oracle column is shown for comparison only',
        'the published tables choose the threshold on the test split itself; here only train-fullsup may choose',
        'the threshold is chosen on true boxes, unless the split has others: Murtaza et al. (A Realistic Protocol, '
        'WACV 2025) choose without true boxes, as the data set PseudoBoxes does here',
    ),
)

KIM2021 = tuple(
    replace(
        base,
        name=f'{base.name}-{normalizer}',
        source=f'{base.source}; normalised as in "Normalization Matters", Kim et al., ICCV 2021',
        map=replace(base.map, normalizer=normalizer),
        notes=(*base.notes, *notes),
    )
    for base in (CHOE2020_V2, CHOE2020_PXAP)
    for normalizer, notes in (
        ('max', ()),
        ('pas', ('the normaliser of PaS, with a threshold that is swept',)),
        ('ivr', ('the percentile is the default of the published code; choose it on train-fullsup',)),
    )
)

PUBLISHED = (
    CHOE2020_V1,
    CHOE2020_V2,
    CHOE2020_PXAP,
    BAS_V1,
    BAS_V2,
    PAS2020,
    SPOL2021,
    TSCAM2021,
    CHOE2020_V2_FULLSUP,
    *KIM2021,
)

ALIASES = {
    'realistic': (
        'choe2020-v2-fullsup',
        'an old name of choe2020-v2-fullsup, which chooses on true boxes; "A Realistic Protocol" (Murtaza et al., WACV '
        '2025) chooses without',
    )
}
"""Old names: what they stand for, and why the name has changed."""
