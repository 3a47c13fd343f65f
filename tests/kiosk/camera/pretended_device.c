/*
 * A USB camera where there is none: preloaded into a process, it answers for /dev/video77 in the kernel's
 * place, so that OpenCV's own Video4Linux code runs. It sends one picture again and again, a hundred a second.
 *
 * A timer stands for the device: readable when a picture is due, so that select waits as for a real one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define PATH "/dev/video77"
#define WIDTH 1280
#define HEIGHT 720
#define LARGEST (WIDTH * HEIGHT * 2)
#define BUFFERS 8

static int device = -1;
static int is_frozen, is_unplugged;
static uint32_t format = V4L2_PIX_FMT_YUYV;
static unsigned char *memory[BUFFERS];
static int queue[BUFFERS];
static int queued;
static unsigned char picture[LARGEST];
static unsigned int picture_size;

static void arm(void) {
    struct itimerspec every = {{0, 0}, {0, 0}};
    if (!is_frozen || is_unplugged)
        every.it_interval.tv_nsec = every.it_value.tv_nsec = 10 * 1000 * 1000;
    if (device >= 0)
        timerfd_settime(device, 0, &every, NULL);
}

/* What the test calls. */
void pretended_send(const unsigned char *bytes, unsigned int size) {
    memcpy(picture, bytes, size);
    picture_size = size;
}

void pretended_freeze(int frozen) { is_frozen = frozen; arm(); }
void pretended_unplug(int unplugged) { is_unplugged = unplugged; arm(); }
int pretended_is_open(void) { return device >= 0; }

static int fail(int error) { errno = error; return -1; }

static int open_device(void) {
    if (is_unplugged)
        return fail(ENODEV);
    if (device >= 0)
        return fail(EBUSY);
    format = V4L2_PIX_FMT_YUYV;
    queued = 0;
    device = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return device;
}

#define OPEN(name)                                                                   \
    int name(const char *path, int flags, ...) {                                     \
        static int (*real)(const char *, int, ...);                                  \
        va_list rest;                                                                \
        mode_t mode;                                                                 \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                   \
        if (!strcmp(path, PATH)) return open_device();                               \
        va_start(rest, flags);                                                       \
        mode = va_arg(rest, mode_t);                                                 \
        va_end(rest);                                                                \
        return real(path, flags, mode);                                              \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "close");
    if (fd >= 0 && fd == device) device = -1;
    return real(fd);
}

#define MAP(name, offset_type)                                                       \
    void *name(void *at, size_t size, int use, int flags, int fd, offset_type offset) { \
        static void *(*real)(void *, size_t, int, int, int, offset_type);            \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                   \
        if (fd < 0 || fd != device) return real(at, size, use, flags, fd, offset);   \
        memory[offset / LARGEST] = real(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); \
        return memory[offset / LARGEST];                                             \
    }
MAP(mmap, off_t)
MAP(mmap64, off64_t)

static int describe_format(struct v4l2_format *asked) {
    struct v4l2_pix_format *pix = &asked->fmt.pix;
    pix->width = WIDTH;
    pix->height = HEIGHT;
    pix->pixelformat = format;
    pix->field = V4L2_FIELD_NONE;
    pix->bytesperline = format == V4L2_PIX_FMT_YUYV ? WIDTH * 2 : format == V4L2_PIX_FMT_GREY ? WIDTH : 0;
    pix->sizeimage = format == V4L2_PIX_FMT_GREY ? WIDTH * HEIGHT : LARGEST;
    return 0;
}

/* As a driver does, take what is nearest: this one has three formats and one size. */
static int set_format(struct v4l2_format *asked) {
    uint32_t wanted = asked->fmt.pix.pixelformat;
    if (wanted == V4L2_PIX_FMT_MJPEG || wanted == V4L2_PIX_FMT_YUYV || wanted == V4L2_PIX_FMT_GREY)
        format = wanted;
    return describe_format(asked);
}

static int give_rate(struct v4l2_streamparm *rate) {
    rate->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    rate->parm.capture.timeperframe.numerator = 1;
    rate->parm.capture.timeperframe.denominator = 30;
    return 0;
}

static int dequeue(struct v4l2_buffer *buffer) {
    uint64_t ticks;
    if (!queued || read(device, &ticks, sizeof ticks) != sizeof ticks)
        return fail(EAGAIN);
    buffer->index = queue[0];
    memmove(queue, queue + 1, sizeof *queue * --queued);
    memcpy(memory[buffer->index], picture, picture_size);
    buffer->bytesused = picture_size;
    buffer->length = LARGEST;
    buffer->flags = 0;
    return 0;
}

static int enqueue(const struct v4l2_buffer *buffer) {
    queue[queued++] = buffer->index;
    return 0;
}

static int answer(unsigned long request, void *argument) {
    struct v4l2_capability *ability = argument;
    struct v4l2_buffer *buffer = argument;
    if (is_unplugged)
        return fail(ENODEV);
    switch (request) {
    case VIDIOC_QUERYCAP:
        memset(ability, 0, sizeof *ability);
        strcpy((char *)ability->driver, "pretended");
        ability->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_DEVICE_CAPS;
        ability->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    case VIDIOC_G_FMT: return describe_format(argument);
    case VIDIOC_TRY_FMT:
    case VIDIOC_S_FMT: return set_format(argument);
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: return give_rate(argument);
    case VIDIOC_REQBUFS:
        queued = 0;
        if (((struct v4l2_requestbuffers *)argument)->count > BUFFERS)
            ((struct v4l2_requestbuffers *)argument)->count = BUFFERS;
        return 0;
    case VIDIOC_QUERYBUF:
        buffer->length = LARGEST;
        buffer->m.offset = buffer->index * LARGEST;
        return 0;
    case VIDIOC_QBUF: return enqueue(argument);
    case VIDIOC_DQBUF: return dequeue(argument);
    case VIDIOC_STREAMON: arm(); return 0;
    case VIDIOC_STREAMOFF: queued = 0; return 0;
    default: return fail(EINVAL);
    }
}

int ioctl(int fd, unsigned long request, ...) {
    static int (*real)(int, unsigned long, ...);
    va_list rest;
    void *argument;
    if (!real) real = dlsym(RTLD_NEXT, "ioctl");
    va_start(rest, request);
    argument = va_arg(rest, void *);
    va_end(rest);
    return fd >= 0 && fd == device ? answer(request, argument) : real(fd, request, argument);
}
