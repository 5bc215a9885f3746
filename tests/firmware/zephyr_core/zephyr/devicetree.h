#ifndef FAKE_DEVICETREE_H
#define FAKE_DEVICETREE_H
#define DT_HAS_CHOSEN(name) 0
#define DT_CHOSEN(name) name
#define DT_PROP_OR(node, property, otherwise) (otherwise)
#endif
